"""Call analysis (话务分析): records of a month in, figures, advice and pages out."""
