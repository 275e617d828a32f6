/** Tests of the starter, and the example of docs/spring.md. */
@NullMarked
package io.earshot.spring;

import org.jspecify.annotations.NullMarked;
