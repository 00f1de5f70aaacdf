"""Pieces that instruments are made of: read-outs, fits, standard controls, figures and files."""
