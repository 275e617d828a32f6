/**
 * Earshot in an application of Spring Boot: a server that the application starts and stops, with
 * the application's actions, hooks, logins, health and metrics.
 */
@NullMarked
package io.earshot.spring;

import org.jspecify.annotations.NullMarked;
