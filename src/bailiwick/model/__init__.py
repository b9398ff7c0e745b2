"""Frozen values that every room speaks in: accesses, facts, events, requests, decisions.

Standard library only; nothing here does anything.
"""
