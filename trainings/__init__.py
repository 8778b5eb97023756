"""Trainings of the municipal information hubs on migration: publish, sign up, check in, certify, subscribe."""
