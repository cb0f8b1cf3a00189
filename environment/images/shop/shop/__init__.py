"""The demo application of the course: a small shop with a web page, an API and a worker, over PostgreSQL and Redis.

v1 is the plain one. v2 looks different and gives a discount. v3 is v2 with a defect: every third list of products fails.
"""
