/** The example of docs/spring.md. */
@NullMarked
package io.earshot.spring.guide.stomp;

import org.jspecify.annotations.NullMarked;
