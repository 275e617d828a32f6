package io.earshot.netty.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A test over WebSocket without a channel, and over lines with one. */
@ParameterizedTest
@EnumSource(
    value = Kind.class,
    names = {"LEAN_FRAMES", "EPOLL_LINES"})
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnBoth {}
