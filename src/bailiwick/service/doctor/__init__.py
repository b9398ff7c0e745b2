"""Does enforcement hold on this machine? What can be read off it, and what the real client does when it is tried."""
