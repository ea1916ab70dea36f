"""Web apps at the desk: their profiles, pages and panels, on QtWebEngine. They speak FDC3 with the agent by themselves.

QtWebEngine takes long to load and is imported by nobody before the first web app is opened. Nothing here knows the
agent, the records or a particular app.
"""
