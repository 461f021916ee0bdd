"""From frames to screen operations: change detection, moves, the tile encoder and the pacing of what is sent."""
