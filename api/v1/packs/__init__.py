"""Due-diligence packs on vendors."""
