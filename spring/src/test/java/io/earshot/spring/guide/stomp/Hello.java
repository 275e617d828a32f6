package io.earshot.spring.guide.stomp;

public record Hello(String name) {}
