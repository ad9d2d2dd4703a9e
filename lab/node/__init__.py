"""The nodes of a lab: real kubelets and containerds, each in namespaces of its own."""
