"""How others speak: carriers, mail, text messages, routing. Imports the domain only."""
