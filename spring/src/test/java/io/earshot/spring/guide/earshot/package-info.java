/** The example of docs/spring.md. */
@NullMarked
package io.earshot.spring.guide.earshot;

import org.jspecify.annotations.NullMarked;
