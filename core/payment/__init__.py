"""What the data of payment providers says: when a card expires, why a charge was refused."""
