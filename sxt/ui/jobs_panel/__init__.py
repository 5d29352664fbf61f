"""The Jobs page: the queue and its jobs, disk and trash, and who did what."""
