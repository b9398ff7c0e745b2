"""Running commands in the sandbox: the disk it is planned from, and the kernel interfaces that hold it."""
