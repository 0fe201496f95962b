"""What every provider promises, shown for each class in PROVIDERS against its simulator."""
