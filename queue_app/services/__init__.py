"""The deeds of the house: one public function for each thing a person does, each in one transaction."""
