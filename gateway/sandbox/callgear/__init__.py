"""CallGear Data API: the virtual numbers on offer, over JSON-RPC with points, filters and sorts."""
