"""Address of the register of AI systems."""

from django.urls import path

from web.register import views

urlpatterns = [path("systems/register/", views.register, name="register")]
