"""Running the service: health answers, the background work, schedules, the doctor.

May import every room but `dashboard`. Front doors: `health`, `tasks`, the commands
`web`, `worker`, `prepare`, `doctor`.
"""
