"""Where a policy is compiled to: documents that other programs read and enforce."""
