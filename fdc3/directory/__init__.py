"""The app directory: App Directory v2 records from files, looked up by app, intent and context.

The only registry of apps. Starting apps is not its business.
"""

from fdc3.directory.directory import AppDirectory, IntentHandler, Problem, same_app
from fdc3.directory.records import AppRecord

__all__ = ["AppDirectory", "AppRecord", "IntentHandler", "Problem", "same_app"]
