"""Indexes over the log: what makes searching two million records a matter of milliseconds."""
