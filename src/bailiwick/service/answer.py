"""The path of one hook event, from bytes to answer. Read this file first.

parse_event -> gather -> build_request -> analyze -> detect -> decide -> append -> render
"""
