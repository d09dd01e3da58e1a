"""Charts, images and animations as data: chart specifications, sprite sheets, GIFs. Knows nothing of the pages."""
