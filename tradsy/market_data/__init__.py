"""What can be traded, at what price, and when its market is open.

Owns table `instruments`. Quotes live in memory only: a price that nobody refreshes is never called current.

| room | what is there |
|---|---|
| `universe` | the instruments that an installation starts with |
| `instruments` | the catalogue in memory; options and futures months derive from what is listed |
| `quotes` | the last quote of each symbol |
| `calendars` | sessions per exchange calendar, and the trading day of a time |
| `feed` | quotes from the process that has a venue's stream to the processes that do not |
"""
