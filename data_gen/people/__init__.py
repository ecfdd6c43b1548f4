"""The imaginary people of `synthetic.py`: bodies, movements, and the sensor that records them."""
