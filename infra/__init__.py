"""The fleet model and every plan made from it: pure Python and pydantic, no Pulumi, no cloud, no clock."""
