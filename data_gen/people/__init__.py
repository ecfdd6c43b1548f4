"""The synthetic people of `synthetic.py`: bodies, movements, and the sensor that records them."""
