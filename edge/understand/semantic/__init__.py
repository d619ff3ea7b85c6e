"""The semantic tier: what a sentence means, where no grammar knows its words."""
