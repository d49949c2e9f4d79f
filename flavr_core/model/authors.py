"""Where the authors of FLAVR keep their files. The program says so and never downloads."""

AUTHORS_PAGE = "https://github.com/tarun005/FLAVR"
"""The project's page."""

AUTHORS_FILES = {
    "FLAVR_2x.pth": "https://drive.google.com/file/d/1IZe-39ZuXy3OheGJC-fT3shZocGYuNdH",
    "FLAVR_4x.pth": "https://drive.google.com/file/d/1GARJK0Ti1gLH_O0spxAEqzbMwUKqE37S",
    "FLAVR_8x.pth": "https://drive.google.com/file/d/1xoZqWJdIOjSaE2DtH4ifXKlRwFySm5Gq",
}
"""Each file's address."""
