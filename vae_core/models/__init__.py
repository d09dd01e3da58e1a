"""Networks and models: dense and convolutional encoders and decoders, the autoencoder, and the VAE."""
