"""The application: records, services, window and composition root."""
