"""Pages and API: HTTP translated to one service call and back."""
