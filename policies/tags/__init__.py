"""Every cloud resource says whose it is and who pays."""
