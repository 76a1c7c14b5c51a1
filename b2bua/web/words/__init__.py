"""What the pages say, in Chinese and in English: a module for each area of the portal."""
