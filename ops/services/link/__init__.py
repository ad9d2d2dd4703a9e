"""One verb of ``hms link`` each."""
