"""Addresses of reminders and of the calendar."""

from django.urls import path

from web.reminders import views

urlpatterns = [
    path("settings/reminders/", views.reminders, name="reminders"),
    path("settings/reminders/calendar/", views.calendar_make, name="calendar-make"),
    path("settings/reminders/calendar/close/", views.calendar_end, name="calendar-end"),
    path("calendar/<str:secret>.ics", views.calendar_feed, name="calendar-feed"),
]
