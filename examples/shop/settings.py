"""What the shop needs to know to run: one class, validated as a whole at start-up."""

from typing import Annotated

from pydantic import Field

import wellkept


class ShopSettings(wellkept.Settings):
    database_user: str
    database_name: str
    database_password: Annotated[wellkept.Secret, Field(description="Rotated; read from the pool's side too")]
    database_host: str = "127.0.0.1"
    database_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    session_key: Annotated[wellkept.Secret, Field(description="Signs session cookies")]
    payment_api_key: Annotated[wellkept.Secret, Field(description="The payment provider's key")]
    receipt_template: str = "Thank you!"
