"""Charts, pictures and animations as data: specifications, sprite sheets, GIFs. Knows no page."""
