"""Running the service: health answers, the background work, schedules.

May import every room but `dashboard`. Front doors: `health`, `tasks`, the commands `drain` and `worker`.
"""
