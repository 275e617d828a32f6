/**
 * Tests with an Earshot server: {@link io.earshot.test.EarshotTest} gives a test of JUnit a server
 * and clients; {@link io.earshot.test.EarshotTestServer} does so without JUnit.
 */
@NullMarked
package io.earshot.test;

import org.jspecify.annotations.NullMarked;
