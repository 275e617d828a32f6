package io.earshot.spring.guide.stomp;

public record Greeting(String content) {}
