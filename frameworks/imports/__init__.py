"""Frameworks and crosswalks from files of others: untrusted bytes in, plain values out. Free of Django."""
