#version 440
// A rectangle of the screen, in its pixels from the upper left corner.

layout(std140, binding = 0) uniform Block {
    mat4 correction;      // clip space of the graphics API
    vec4 clip;            // x, y, width, height of the rectangle
    vec4 target;          // x, y, width, height of the whole picture
    vec4 screen;          // width and height of the screen's part; what is shown (0 A, 1 B, 2 difference); smooth
    vec4 contrast;        // kind of difference (0 linear, 1 amplified, 2 signed), gain
    mat4 toSignal[2];     // codes to R'G'B'
    mat4 gamut[2];        // linear light to the screen's primaries
    vec4 sizes[2];        // columns, rows, largest code, bytes a sample
    vec4 chroma[2];       // luma pixels a chroma sample across and down, place of the first one
    vec4 kinds[2];        // planes of colour, alpha, transfer (0 as it is, 1 gamma, 2 PQ, 3 HLG), depth above 8
} u;

layout(location = 0) out vec2 place;

void main()
{
    vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
    place = u.clip.xy + corner * u.clip.zw;
    vec2 ndc = vec2(2.0 * place.x / u.screen.x - 1.0, 1.0 - 2.0 * place.y / u.screen.y);
    gl_Position = u.correction * vec4(ndc, 0.0, 1.0);
}
