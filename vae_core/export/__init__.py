"""Exports of a trained model: its decoder for the browser, its weights, and a script that generates images with them."""
