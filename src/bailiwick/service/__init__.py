"""The endpoint service and everything else that does I/O, reads clocks or draws random numbers."""
