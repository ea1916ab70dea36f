"""Live conversations: audio in, recording, transcription, facts and draft report. No Qt."""
