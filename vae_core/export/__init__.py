"""What leaves a trained model: the decoder for the browser, weights, and a script that draws with them."""
