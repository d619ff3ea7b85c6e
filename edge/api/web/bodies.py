"""What goes over the network as JSON."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A body whose fields are described, in the OpenAPI document, by what stands under them."""

    model_config = ConfigDict(use_attribute_docstrings=True)
