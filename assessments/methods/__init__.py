"""One module per instrument; ``parts`` holds the pieces they are made of."""
