"""Games, objectives, penalties, the trainer, its history, checkpoints, and the loops. No Qt."""
