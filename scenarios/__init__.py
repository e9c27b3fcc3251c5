"""Scenarios: scripted, timed proof that Edge does the right thing, over public HTTP APIs only.

A *file* (`model`, `loading`) says what is given, what traffic runs, and what is done and expected step by step.
A *target* (`targets`) is the Kubernetes it runs on; a *house* (`house`) is Edge's real processes. The
*runner* plays one case and records a *timeline*; *reports* are made from what it recorded.
"""
